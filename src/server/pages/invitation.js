"use strict";
// The secret follows the #, which browsers never send to a server. It moves from the address bar to the storage of
// this tab, so that a reload still has it, until it is used up.
const STORED = "musubi.invitation";
if (location.hash.length > 1) {
  sessionStorage.setItem(STORED, location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem(STORED) ?? "";

const language = navigator.language.startsWith("ja") ? "ja" : "en";
document.documentElement.lang = language;
const say = (ja, en) => (language === "ja" ? ja : en);

const ROLES = {
  admin: ["管理者", "administrator"],
  coordinator: ["コーディネーター", "coordinator"],
  importer: ["取り込み担当", "importer"],
  auditor: ["監査担当", "auditor"],
  organization: ["団体の担当者", "member of the organization"],
  worker: ["プロボノワーカー", "worker"],
};
const FIELDS = ["email", "name", "password"];

const form = document.querySelector("form");
const byId = (id) => document.getElementById(id);
const show = (text) => { byId("status").textContent = text; };

/** Sends JSON. Returns the answer's status and, if it has one, its body. */
async function post(operation, body) {
  try {
    const answer = await fetch(`/v1/auth/invitations/${operation}`, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-language": language },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

/** Shows what is wrong: at its field if it is about one, and below the form otherwise. */
function showProblem(problem) {
  if (problem === null) {
    show(say("サーバーに接続できません。時間をおいてもう一度お試しください。", "The server can't be reached. Try again later."));
    return;
  }
  const others = [];
  for (const error of problem.errors) {
    const field = FIELDS.find((name) => error.pointer === `/${name}`);
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

function clearProblems() {
  show("");
  for (const field of FIELDS) {
    byId(`${field}-error`).textContent = "";
    form.elements[field].removeAttribute("aria-invalid");
  }
}

function introduce(invitation) {
  const until = new Date(invitation.expires_at).toLocaleString(language);
  const [roleJa, roleEn] = ROLES[invitation.role] ?? ["", ""];
  const by = invitation.invited_by ?? say("管理者", "An administrator");
  const text = {
    first_administrator: () => say(
      "最初の管理者を登録します。",
      "This registers the first administrator.",
    ),
    invitation: () => say(
      `${by}さんが、${invitation.name}さん（${invitation.email}）を${invitation.place ?? ""}${invitation.place ? "の" : ""}${roleJa}としてMusubiに招待しています。`,
      `${by} invites you, ${invitation.name} (${invitation.email}), to Musubi as ${roleEn}${invitation.place ? ` of ${invitation.place}` : ""}.`,
    ),
    password_reset: () => say(
      `${invitation.name}さん（${invitation.email}）の新しいパスワードを設定します。設定すると、すべての端末からログアウトします。`,
      `Choose a new password for ${invitation.name} (${invitation.email}). This logs you out on all devices.`,
    ),
  };
  byId("invitation").textContent = text[invitation.purpose]() + say(`（${until}まで有効）`, ` (Valid until ${until}.)`);
  byId("first").hidden = invitation.purpose !== "first_administrator";
  if (invitation.login_url !== null) byId("login").href = invitation.login_url;
  form.hidden = false;
}

async function open() {
  if (token === "") {
    show(say("届いた招待リンクを開いてください。", "Open the link that you were given."));
    return;
  }
  const { status, body } = await post("show", { token });
  if (status === 200) introduce(body);
  else showProblem(body);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblems();
  const button = form.querySelector("button");
  button.disabled = true;
  const field = (name) => form.elements[name].value || null;
  const acceptance = { token, password: form.elements.password.value, email: field("email"), name: field("name") };
  const { status, body } = await post("accept", acceptance);
  button.disabled = false;
  if (status !== 204) {
    showProblem(body);
    return;
  }
  sessionStorage.removeItem(STORED);
  form.hidden = true;
  byId("invitation").textContent = "";
  byId("onward").hidden = !byId("login").href;
  show(say("パスワードを設定しました。ログインできます。", "Your password is set. You can log in now."));
});

open();
