import "./theme.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { speakAsKept } from "./language.svelte";

const target = document.getElementById("app") ?? document.body;
void speakAsKept().then(() => mount(App, { target }));
