// A typed client for Musubi. `npm run build` generates the types in schema.ts from openapi/openapi.json.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Worker = components["schemas"]["NewWorker"];
export type Credentials = { client_id: string; client_secret: string };

export const baseUrl = environment("MUSUBI_URL");

export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
}

/** Returns a client that sends the access token with each request. */
export function clientWith(token: string) {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}

/** Requests an access token by the client credentials grant (RFC 6749). */
export function requestToken(credentials: Credentials) {
  return createClient<paths>({ baseUrl }).POST("/v1/oauth/token", {
    body: { grant_type: "client_credentials", ...credentials },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    bodySerializer: (body) => new URLSearchParams(body as Record<string, string>),
  });
}

/** Returns the data of an answer, or throws its problem document. */
export function expectData<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}
