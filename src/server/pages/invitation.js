"use strict";
// The secret is behind the #, which browsers send to no server, and leaves the address bar at once.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const form = document.querySelector("form");
const said = document.getElementById("said");

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
    said.textContent = "設定しました。ログインできます。 / Done: you can log in now.";
    return;
  }
  const problem = await answer.json();
  // The first administrator's link asks for address and name too.
  if (problem.errors.some((error) => error.pointer === "/email")) {
    document.getElementById("first").hidden = false;
  }
  said.textContent = [problem.detail, ...problem.errors.map((error) => error.message)].join(" ");
});
