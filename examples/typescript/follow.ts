// Keeps a copy of what a caller may see: lists everything once, and then only follows the changes. Start
// `cargo run -- demo`, then run this folder with:
//
//     npm ci && MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… npm run follow
//
// It writes something, hears of it, and compares the copy with a fresh listing. An app would follow without end.

import assert from "node:assert/strict";
import { baseUrl, clientWith, environment, expectData } from "./musubi.js";
import type { components } from "./schema.js";

type Change = components["schemas"]["ChangeEvent"];
type Page = { items: { id: string; version: number }[]; next: string | null };

const token = environment("MUSUBI_TOKEN");
const client = clientWith(token);
const KINDS = ["organization", "deliverable", "worker", "application", "project"] as const;

async function page(kind: (typeof KINDS)[number], cursor?: string): Promise<Page> {
  const params = { query: { limit: 200, cursor } };
  switch (kind) {
    case "organization":
      return expectData(await client.GET("/v1/organizations", { params }));
    case "deliverable":
      return expectData(await client.GET("/v1/deliverables", { params }));
    case "worker":
      return expectData(await client.GET("/v1/workers", { params }));
    case "application":
      return expectData(await client.GET("/v1/applications", { params }));
    case "project":
      return expectData(await client.GET("/v1/projects", { params }));
  }
}

/** Returns the version of each record that the caller sees now. */
async function listed(): Promise<Map<string, number>> {
  const records = new Map<string, number>();
  for (const kind of KINDS) {
    let cursor: string | undefined;
    do {
      const { items, next } = await page(kind, cursor);
      for (const { id, version } of items) records.set(`${kind}/${id}`, version);
      cursor = next ?? undefined;
    } while (cursor);
  }
  return records;
}

/** Reads the record of a change. Returns undefined if there is nothing to read. */
async function read(href: string): Promise<{ version: number } | undefined> {
  const answer = await fetch(new URL(href, baseUrl), { headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 404) return undefined;
  assert.ok(answer.ok, `${href}: ${answer.status}`);
  return answer.json();
}

class Copy {
  records = new Map<string, number>();
  private position = "";

  async begin(): Promise<void> {
    // The position comes first: what changes while we list comes again as a change.
    this.position = expectData(await client.GET("/v1/changes")).position;
    this.records = await listed();
  }

  /** Takes over what has changed. Waits for so many seconds if there is nothing. */
  async follow(wait: number): Promise<Change[]> {
    const query = { after: this.position, types: [...KINDS], wait };
    const answer = await client.GET("/v1/changes", {
      params: { query },
      querySerializer: { array: { style: "form", explode: false } },
    });
    if (answer.response.status === 410) {
      await this.begin();
      return [];
    }
    const { items, position } = expectData(answer);
    for (const change of items) await this.take(change);
    this.position = position;
    return items;
  }

  private async take(change: Change): Promise<void> {
    const key = `${change.type}/${change.id}`;
    const record = change.href && change.action !== "archived" ? await read(change.href) : undefined;
    if (!record) this.records.delete(key);
    else this.records.set(key, record.version);
  }
}

const copy = new Copy();
await copy.begin();
console.log(`${copy.records.size} records`);

const body = { name: "追いかける会", kind: "voluntary_group", area: "131041" } as const;
const organization = expectData(await client.POST("/v1/organizations", { body }));
const path = { id: organization.id };
expectData(await client.PATCH("/v1/organizations/{id}", { params: { path }, body: { kana: "おいかけるかい" } }));

const heard: string[] = [];
while (heard.length < 2) {
  for (const change of await copy.follow(25)) {
    console.log(`${change.at} ${change.action} ${change.type} ${change.id}`);
    if (change.id === organization.id) heard.push(change.action);
  }
}
assert.deepEqual(heard, ["created", "updated"]);
assert.deepEqual(copy.records, await listed());

// Archived, so that you can run this again. Lists leave it out, and so does the copy.
await client.DELETE("/v1/organizations/{id}", { params: { path } });
while (copy.records.has(`organization/${organization.id}`)) await copy.follow(25);
assert.deepEqual(copy.records, await listed());
console.log("the copy is what a fresh listing says");
