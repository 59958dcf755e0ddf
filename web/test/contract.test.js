// openrpc.json as tools that know nothing of us see it: a valid document, whose examples are
// calls and answers of the kind it describes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { MethodCallValidator, parseOpenRPCDocument, validateOpenRPCDocument } from "@open-rpc/schema-utils-js";
import Ajv from "ajv";

const read = () => JSON.parse(readFileSync(new URL("../../openrpc.json", import.meta.url)));
const method = (document, name) => document.methods.find((method) => method.name === name);

/** The params of an example as a call has them. */
const paramsOf = (example) => Object.fromEntries(example.params.map(({ name, value }) => [name, value]));

describe("openrpc.json", () => {
  test("is a valid OpenRPC document", () => {
    const verdict = validateOpenRPCDocument(read());
    assert.equal(verdict, true, verdict.message);
  });

  for (const [what, spoil] of [
    ["a method without a name", (document) => delete document.methods[0].name],
    ["an example that is no object", (document) => (document.methods[0].examples = ["message.send"])],
    ["a param without a schema", (document) => delete method(document, "message.send").params[0].schema],
  ]) {
    test(`would not be one with ${what}`, () => {
      const document = read();
      spoil(document);
      assert.notEqual(validateOpenRPCDocument(document), true);
    });
  }

  test("has an example of every method, and its params fit theirs", async () => {
    const document = await parseOpenRPCDocument(read());
    const calls = new MethodCallValidator(document);
    for (const { name, examples } of document.methods) {
      assert.equal(examples.length, 1, name);
      assert.deepEqual(calls.validate(name, paramsOf(examples[0])), [], name);
    }
    assert.equal(calls.validate("message.list", { channel_id: 1, limit: -1 }).length, 1);
  });

  test("has examples whose results fit what it says of them", async () => {
    const document = await parseOpenRPCDocument(read());
    const schemas = new Ajv({ allErrors: true });
    for (const { name, examples, result } of document.methods) {
      const fits = schemas.compile(result.schema);
      assert.ok(fits(examples[0].result.value), `${name}: ${schemas.errorsText(fits.errors)}`);
    }
  });
});
