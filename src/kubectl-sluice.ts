/** The command line as kubectl's plugin: the name of this file is the program's (settings/program-name.ts). */
import "./main.ts";
