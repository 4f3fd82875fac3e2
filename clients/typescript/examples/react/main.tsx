import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.js";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no element with the id root");
// ?webapi=ws://... names another agent than that of this machine.
const url = new URLSearchParams(location.search).get("webapi") ?? undefined;
createRoot(root).render(
  <StrictMode>
    <App url={url} />
  </StrictMode>,
);
