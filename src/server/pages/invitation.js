"use strict";
// The page on which an invited user chooses a password. See link.js.

const ROLES = {
  admin: ["管理者", "administrator"],
  coordinator: ["コーディネーター", "coordinator"],
  importer: ["取り込み担当", "importer"],
  auditor: ["監査担当", "auditor"],
  organization: ["団体の担当者", "member of the organization"],
  worker: ["プロボノワーカー", "worker"],
};
const FIELDS = ["email", "name", "password"];

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
}

function compose(elements) {
  const field = (name) => elements[name].value || null;
  return { token, password: elements.password.value, email: field("email"), name: field("name") };
}

onSubmit("/v1/auth/invitations/accept", FIELDS, compose, () => {
  byId("invitation").textContent = "";
  byId("onward").hidden = !byId("login").href;
  show(say("パスワードを設定しました。ログインできます。", "Your password is set. You can log in now."));
});
openLink("/v1/auth/invitations/show", introduce);
