/** The flags by which `sluice explain` is told of a request: rows of the table of flags, with curl's names. */
import { boolean, type FlagType } from "./values.ts";

/** A text that the command itself reads: what is wrong with it is said in the words of requests. */
function oneText(placeholder: string): FlagType<string> {
  return { placeholder, expects: "a text", parse: (text) => (text === "" ? undefined : text) };
}

/** One text each time the flag is given: it may hold commas. */
function eachText(placeholder: string): FlagType<readonly string[]> {
  return { placeholder, expects: "a text", parse: (text) => (text.trim() === "" ? undefined : [text.trim()]) };
}

const ROW = { group: "The request", commands: ["explain"] } as const;

export const REQUEST_FLAGS = {
  askedHeaders: { flag: "header", type: eachText("'NAME: VALUE'"), default: [], ...ROW,
    help: "A header of the request, a cookie too; may be repeated." },
  askedMethod: { flag: "request", type: oneText("METHOD"), default: "GET", ...ROW,
    help: "The method of the request." },
  askedCookies: { flag: "cookie", type: eachText("NAME=VALUE"), default: [], ...ROW,
    help: "A cookie of the request; may be repeated." },
  askedUser: { flag: "user", type: oneText("USER:PASSWORD"), default: "", ...ROW,
    defaultText: "nobody", help: "User and password, as the header Authorization." },
  askedClient: { flag: "client-ip", type: oneText("IP"), default: "", ...ROW,
    defaultText: "not known", help: "Where the request comes from." },
  askedGateway: { flag: "gateway", type: oneText("NAMESPACE/NAME"), default: "", ...ROW,
    defaultText: "the one with the URL's address, else whoever has the name", help: "The Gateway that is asked." },
  askedLine: { flag: "log", type: oneText("'LINE'"), default: "", ...ROW,
    defaultText: "none", help: "One line of the access log, in place of the URL: its text, in the format of the ConfigMap, and no file." },
  verbose: { flag: "verbose", type: boolean, default: false, ...ROW,
    help: "Say what is read, as --log-level=debug does." },
} as const;
