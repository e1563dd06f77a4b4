// How `npm run roster` generates the client in sdk/.
export default {
  input: "../../openapi/openapi.json",
  output: { path: "sdk", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch"],
};
