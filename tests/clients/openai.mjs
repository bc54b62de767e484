// Drives the official Node SDK of OpenAI, unmodified, against the simulator; prints one JSON object.
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ apiKey: process.env.KEY, baseURL: `${process.env.URL}/v1`, maxRetries: 0 });
const said = {};
const bytes = Buffer.from('{"messages":[]}\n');
const one = await client.files.create({ file: await toFile(bytes, "one.jsonl"), purpose: "batch" });
const two = await client.files.create({ file: await toFile(bytes, "two.jsonl"), purpose: "batch" });
said.name = one.filename;
said.size = one.bytes;
said.sent = bytes.length;
const met = [];
for await (const file of client.files.list({ limit: 1 })) met.push(file.id);
said.met = [one.id, two.id].map((id) => met.filter((other) => other === id).length);
said.sameId = (await client.files.retrieve(one.id)).id === one.id;
said.content = await (await client.files.content(one.id)).text();
said.deleted = (await client.files.delete(one.id)).deleted;
await client.files.delete(two.id);
try {
  await client.files.retrieve(one.id);
} catch (error) {
  said.refusal = { class: error.constructor.name, status: error.status };
}
const stream = await client.chat.completions.create({
  model: process.env.MODEL,
  messages: [{ role: "user", content: "Answer exactly: one two three four five six" }],
  stream: true,
  stream_options: { include_usage: true },
});
said.pieces = [];
for await (const chunk of stream) {
  const text = chunk.choices[0]?.delta?.content;
  if (text) said.pieces.push(text);
  if (chunk.usage) said.outputTokens = chunk.usage.completion_tokens;
}
console.log(JSON.stringify(said));
