"use strict";
// What the pages share that open with a one-time link.

const language = navigator.language.startsWith("ja") ? "ja" : "en";
document.documentElement.lang = language;
const say = (ja, en) => (language === "ja" ? ja : en);
const form = document.querySelector("form");
const byId = (id) => document.getElementById(id);
const show = (text) => { byId("status").textContent = text; };

// The secret follows the #, which browsers never send to a server. It moves from the address bar to the storage of
// this tab, so that a reload still has it, until it is used up.
const STORED = `musubi${location.pathname}`;
if (location.hash.length > 1) {
  sessionStorage.setItem(STORED, location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem(STORED) ?? "";
const forget = () => sessionStorage.removeItem(STORED);

/** Sends JSON. Returns the answer's status and, if it has one, its body. */
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-language": language },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

/** Shows what is wrong: at its field if it is about one of `fields`, and below the form otherwise. */
function showProblem(problem, fields) {
  if (problem === null) {
    show(say("サーバーに接続できません。時間をおいてもう一度お試しください。", "The server can't be reached. Try again later."));
    return;
  }
  const others = [];
  for (const error of problem.errors) {
    const field = fields.find((name) => error.pointer.endsWith(`/${name}`));
    if (field === undefined) {
      others.push(error.message);
      continue;
    }
    byId(`${field}-error`).textContent += error.message;
    form.elements[field].setAttribute("aria-invalid", "true");
  }
  show(others.length > 0 ? others.join(" ") : problem.detail);
  form.querySelector("[aria-invalid=true]")?.focus();
}

function clearProblems(fields) {
  show("");
  for (const field of fields) {
    byId(`${field}-error`).textContent = "";
    form.elements[field].removeAttribute("aria-invalid");
  }
}

/** Asks the server what the link is for, and hands the answer on. */
async function openLink(path, introduce) {
  if (token === "") {
    show(say("届いたリンクを開いてください。", "Open the link that you were given."));
    return;
  }
  const { status, body } = await post(path, { token });
  if (status === 200) {
    introduce(body);
    form.hidden = false;
  } else {
    showProblem(body, []);
  }
}

/** Sends the form with the body that `compose` returns, and calls `done` when it worked. */
function onSubmit(path, fields, compose, done) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(fields);
    const button = form.querySelector("button");
    button.disabled = true;
    const { status, body } = await post(path, compose(form.elements));
    button.disabled = false;
    if (status !== 204) {
      showProblem(body, fields);
      return;
    }
    forget();
    form.hidden = true;
    done();
  });
}
