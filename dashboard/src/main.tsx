/** Starts the page. */
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { App } from "./app.tsx";

const place = document.getElementById("app");
if (place) render(<App />, place);
