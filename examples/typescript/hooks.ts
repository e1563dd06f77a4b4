// A partner app that receives webhooks, and verifies their signatures with the library `standardwebhooks`. Start the demo with
// MUSUBI_WEBHOOK_NETWORKS=127.0.0.1, since webhooks are otherwise sent to public addresses only.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { baseUrl, clientWith, environment, expectData, requestToken } from "./musubi.js";

type Message = { type: string; data: { id: string; action: string; link: string | null } };
type Received = { headers: IncomingHttpHeaders; body: string; message: Message };

let secrets: string[] = [];

/** Returns the message if it is signed with one of the secrets and not older than five minutes. */
function verified(body: string, headers: IncomingHttpHeaders): Message | undefined {
  for (const secret of secrets) {
    try {
      return new Webhook(secret).verify(body, headers as Record<string, string>) as Message;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
    }
  }
  return undefined;
}

const arrived: Received[] = [];
const server = createServer(async (request, response) => {
  const body = await text(request);
  const message = verified(body, request.headers);
  response.writeHead(message ? 204 : 400).end();
  if (message) {
    arrived.push({ headers: request.headers, body, message });
    server.emit("message");
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

async function next(): Promise<Received> {
  while (arrived.length === 0) await once(server, "message", { signal: AbortSignal.timeout(60_000) });
  return arrived.shift()!;
}

const admin = clientWith(environment("MUSUBI_TOKEN"));
const code = `hooks_${randomUUID().slice(0, 8)}`;
const { partner, secret } = expectData(
  await admin.POST("/v1/partners", { body: { code, name: "応募アプリ" } }),
);
assert.ok(secret.client_secret);
const granted = expectData(
  await requestToken({ client_id: partner.id, client_secret: secret.client_secret }),
);
const app = clientWith(granted.access_token);

const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
const made = expectData(await app.POST("/v1/webhooks", { body: { url, types: ["deliverable"] } }));
const path = { id: made.webhook.id };
const first = made.secret.secret;
assert.ok(first);
secrets = [first];

await app.POST("/v1/webhooks/{id}/test", { params: { path }, body: {} });
const trial = await next();
assert.equal(trial.message.type, "webhook.test");
assert.equal(verified(trial.body.replace("webhook.test", "webhook.fake"), trial.headers), undefined);
console.log("verified:", trial.message.type);

const group = expectData(
  await admin.POST("/v1/organizations", {
    body: { name: `風のひろば ${randomUUID().slice(0, 8)}`, area: "131041" },
  }),
);
const request = expectData(
  await admin.POST("/v1/deliverables", {
    body: {
      organization_id: group.id,
      type: "flyer",
      title: "会員募集のチラシ",
      status: "open",
      shared_with_partners: true,
    },
  }),
);
const { message } = await next();
assert.equal(message.type, "deliverable.created");
assert.equal(message.data.id, request.id);
const { link } = message.data;
assert.ok(link !== null && link.startsWith(baseUrl));
const shown = await fetch(link, {
  headers: { Authorization: `Bearer ${granted.access_token}` },
});
assert.equal(((await shown.json()) as { id: string }).id, request.id);
console.log("verified:", message.type, link);

// While two secrets are valid, a receiver that has only one of them verifies each message.
const renewed = expectData(
  await app.POST("/v1/webhooks/{id}/secrets", { params: { path }, body: { keep_old_hours: 24 } }),
);
assert.ok(renewed.secret);
for (const valid of [first, renewed.secret]) {
  secrets = [valid];
  await app.POST("/v1/webhooks/{id}/test", { params: { path }, body: {} });
  assert.equal((await next()).headers["webhook-signature"]?.toString().split(" ").length, 2);
}
console.log("verified with either secret");

await app.DELETE("/v1/webhooks/{id}", { params: { path } });
server.close();
server.closeAllConnections();
