import "./theme.css";

import { mount } from "svelte";

import App from "./App.svelte";

const target = document.getElementById("app") ?? document.body;
mount(App, { target });
