import "./theme.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { begin } from "./preferences.svelte";

const target = document.getElementById("app") ?? document.body;
void begin().then(() => mount(App, { target }));
