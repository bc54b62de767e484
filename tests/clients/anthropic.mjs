// Drives the official Node SDK of Anthropic, unmodified, against the simulator; prints one JSON object.
import Anthropic, { toFile } from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: process.env.KEY, baseURL: process.env.URL, maxRetries: 0 });
const files = client.files ?? client.beta.files;
const said = {};
const bytes = Buffer.from("Some notes.");
const one = await files.upload({ file: await toFile(bytes, "one.txt", { type: "text/plain" }) });
const two = await files.upload({ file: await toFile(bytes, "two.txt", { type: "text/plain" }) });
said.name = one.filename;
said.size = one.size_bytes;
said.sent = bytes.length;
const met = [];
for await (const file of files.list({ limit: 1 })) met.push(file.id);
said.met = [one.id, two.id].map((id) => met.filter((other) => other === id).length);
said.sameId = (await files.retrieveMetadata(one.id)).id === one.id;
said.deleted = (await files.delete(one.id)).type === "file_deleted";
await files.delete(two.id);
try {
  await files.retrieveMetadata(one.id);
} catch (error) {
  said.refusal = { class: error.constructor.name, status: error.status };
}
said.pieces = [];
const stream = client.messages.stream({
  model: process.env.MODEL,
  max_tokens: 100,
  messages: [{ role: "user", content: "Answer exactly: one two three four five six" }],
});
stream.on("text", (text) => said.pieces.push(text));
said.outputTokens = (await stream.finalMessage()).usage.output_tokens;
console.log(JSON.stringify(said));
