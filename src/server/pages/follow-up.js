"use strict";
// The page on which an organization says what became of the work, without an account. See link.js.

const FIELDS = ["still_in_use", "reach", "changes", "would_do_again"];

for (const name of ["still_in_use", "would_do_again"]) {
  const choices = [["", say("選んでください", "Choose")], ["true", say("はい", "Yes")], ["false", say("いいえ", "No")]];
  form.elements[name].append(...choices.map(([value, text]) => new Option(text, value)));
}

function introduce(question) {
  const until = new Date(question.expires_at).toLocaleString(language);
  byId("question").textContent = say(
    `${question.organization_name}のみなさま、「${question.title}」の完成から${question.months}か月がたちました。（${until}まで有効）`,
    `It has been ${question.months} months since “${question.title}” was delivered to ${question.organization_name}. (Valid until ${until}.)`,
  );
}

/** An empty choice stays null, so that the server says what is missing. */
function compose(elements) {
  const choice = (name) => (elements[name].value === "" ? null : elements[name].value === "true");
  const reach = elements.reach.value.trim();
  return {
    token,
    answer: {
      still_in_use: choice("still_in_use"),
      reach: reach === "" ? null : Number(reach),
      changes: elements.changes.value.trim() || null,
      would_do_again: choice("would_do_again"),
    },
  };
}

onSubmit("/v1/follow-up-links/answer", FIELDS, compose, () => {
  byId("question").textContent = "";
  show(say("ご回答ありがとうございました。", "Thank you for your answer."));
});
openLink("/v1/follow-up-links/show", introduce);
