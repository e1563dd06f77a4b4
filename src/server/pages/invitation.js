"use strict";
// The secret follows the #, which browsers never send to a server. Remove it from the address bar.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const form = document.querySelector("form");
const status = document.getElementById("status");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = (name) => form.elements[name].value || null;
  const answer = await fetch("/v1/auth/invitations/accept", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, password: field("password"), email: field("email"), name: field("name") }),
  });
  if (answer.status === 204) {
    form.hidden = true;
    status.textContent = "パスワードを設定しました。ログインできます。 / Your password is set. You can log in now.";
    return;
  }
  const problem = await answer.json();
  // The first administrator's link also needs an email address and a name.
  if (problem.errors.some((error) => error.pointer === "/email")) {
    document.getElementById("first").hidden = false;
  }
  status.textContent = [problem.detail, ...problem.errors.map((error) => error.message)].join(" ");
});
