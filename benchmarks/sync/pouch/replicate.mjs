// Replicates the rows of a file from a PouchDB server on loopback into a local PouchDB, both on LevelDB, and prints
// how many seconds the first replication and that of a change of every row took. Usage: node replicate.mjs ROWS FOLDER BATCH
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { join } from "node:path";
import express from "express";
import expressPouch from "express-pouchdb";
import PouchDB from "pouchdb";

const [file, folder, batch] = process.argv.slice(2);
const Remote = PouchDB.defaults({ prefix: join(folder, "remote-") });
const rows = [];
for await (const line of createInterface({ input: createReadStream(file) })) rows.push(JSON.parse(line));

const app = express();
app.use("/", expressPouch(Remote, { mode: "minimumForPouchDB", logPath: join(folder, "log.txt") }));
const server = createServer(app);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const remote = new Remote("office");
const address = `http://127.0.0.1:${server.address().port}/office`;
const local = new PouchDB(join(folder, "local"));

async function store(docs) {
  for (let start = 0; start < docs.length; start += 1000) {
    const answers = await remote.bulkDocs(docs.slice(start, start + 1000));
    answers.forEach((answer, at) => { docs[start + at]._rev = answer.rev; });
  }
}

async function replicated() {
  const began = process.hrtime.bigint();
  const found = await PouchDB.replicate(address, local, { batch_size: Number(batch) });
  if (!found.ok || found.docs_written !== rows.length) throw new Error(JSON.stringify(found));
  return Number(process.hrtime.bigint() - began) / 1e9;
}

const docs = rows.map((row) => ({ ...row, _id: row.id }));
await store(docs);
const first = await replicated();
for (const doc of docs) doc.opinion = "同意聘用";
await store(docs);
const delta = await replicated();
console.log(JSON.stringify({ first, delta }));
process.exit(0);
