// Drives the official Node SDK of Gemini, unmodified, against the simulator; prints one JSON object.
import { GoogleGenAI } from "@google/genai";

const httpOptions = { baseUrl: process.env.URL };
if (process.env.API_VERSION) httpOptions.apiVersion = process.env.API_VERSION;
const client = new GoogleGenAI({ apiKey: process.env.KEY, httpOptions });
const said = {};
const blob = new Blob(["Some notes."], { type: "text/plain" });
const one = await client.files.upload({ file: blob, config: { displayName: "one.txt" } });
const two = await client.files.upload({ file: blob, config: { displayName: "two.txt" } });
said.name = one.displayName;
said.size = Number(one.sizeBytes);
said.sent = blob.size;
const met = [];
for await (const file of await client.files.list({ config: { pageSize: 1 } })) met.push(file.name);
said.met = [one.name, two.name].map((name) => met.filter((other) => other === name).length);
said.sameId = (await client.files.get({ name: one.name })).name === one.name;
await client.files.delete({ name: one.name });
await client.files.delete({ name: two.name });
said.deleted = true;
try {
  await client.files.get({ name: one.name });
  said.deleted = false;
} catch (error) {
  said.refusal = { class: error.constructor.name, status: error.status };
}
said.pieces = [];
const stream = await client.models.generateContentStream({
  model: process.env.MODEL,
  contents: "Answer exactly: one two three four five six",
});
for await (const chunk of stream) {
  if (chunk.text) said.pieces.push(chunk.text);
  said.outputTokens = chunk.usageMetadata?.candidatesTokenCount;
}
console.log(JSON.stringify(said));
