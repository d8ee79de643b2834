// Transfer, conference and whisper from JavaScript: two agents and a customer's adapter against a real server.
//
// Takes the server's address, the folder of .proto files and, in the environment, an admin's token; prints what each
// of the three got, as JSON. Whoever started it judges that.
import { Caller, loadApi } from "./calling.mjs";

const [address, protoFolder] = process.argv.slice(2);
const api = loadApi(protoFolder);
const admin = new Caller(api, address, process.env.HOOKFLASH_NODE_ADMIN_TOKEN);
const open = [admin];

/** A principal of its own, with the token of its role. */
async function principal(request) {
  const { token } = await admin.call("CreateToken", request);
  const caller = new Caller(api, address, token);
  open.push(caller);
  return caller;
}

/** An agent at his desk: attached, ready, and able to accept what he is offered. */
async function desk(id) {
  const caller = await principal({ subject: `agents/${id}`, role: "ROLE_AGENT" });
  const stream = caller.open("Attach");
  open.unshift(stream);
  await stream.until((item) => item.update === "welcome", "the welcome");
  await caller.call("SetAgentState", { state: "READINESS_READY" });
  const accept = async (kind) => {
    const item = await stream.until((each) => each.offerMade?.offer.kind === kind, `an offer of kind ${kind}`);
    await caller.call("AcceptOffer", { name: item.offerMade.offer.name });
    return item.offerMade.offer;
  };
  return { caller, stream, accept };
}

/** The customer's side: settles whatever is delivered and keeps it. */
async function adapter() {
  const caller = await principal({ subject: "adapters/web", role: "ROLE_ADAPTER", channel: "channels/web" });
  const stream = caller.open("Deliveries", { channel: "channels/web", maxInFlight: 10 });
  open.unshift(stream);
  const settled = [];
  stream.call.on("data", ({ name }) => settled.push(caller.call("SettleDelivery", { name })));
  const told = (text) => stream.until((each) => (each.message ?? each.notice)?.text === text, `"${text}"`);
  return { caller, stream, settled, told };
}

const textOf = (each) => (each.message ?? each.notice ?? each.whisper)?.text;
const entriesOf = ({ stream }) => stream.items.filter((each) => each.timelineUpdate).map((each) => each.timelineUpdate.entry);
const noticesOf = ({ stream }) =>
  stream.items.filter((each) => each.agentNotice).map(({ agentNotice: { notice } }) => [notice.style, notice.text]);
const seenBy = (agent) => ({
  notices: noticesOf(agent),
  timeline: entriesOf(agent).map(textOf).filter((text) => text !== undefined),
  whispers: entriesOf(agent).filter((entry) => entry.whisper).map((entry) => entry.whisper.text),
});
const hears = (agent, text) =>
  agent.stream.until((each) => each.timelineUpdate && textOf(each.timelineUpdate.entry) === text, `"${text}"`);

async function story() {
  await admin.call("Apply", {
    queues: [{ name: "queues/billing", displayName: "Billing" }],
    channels: [{ name: "channels/web", kind: "web", isExternal: true, queue: "queues/billing" }],
    agents: [{ name: "agents/ann", displayName: "Ann" }, { name: "agents/bob", displayName: "Bob" }],
  });
  const target = { queue: "queues/billing" };
  const customer = await adapter();
  const ann = await desk("ann");
  const { conversation: name } = await customer.caller.call("Receive", {
    channel: "channels/web",
    address: "kim@example.org",
    externalId: "m-1",
    text: "My bill is wrong",
    customer: { displayName: "Kim", identified: true },
  });
  const offers = [await ann.accept("INVITE_KIND_ROUTE")];
  const bob = await desk("bob");
  const { queues } = await ann.caller.call("ListQueues", { conversation: name, agent: "agents/ann" });

  await ann.caller.call("Transfer", { name, target, note: "wants a refund" });
  offers.push(await bob.accept("INVITE_KIND_TRANSFER"));
  await customer.told("Bob has joined the conversation");
  const alone = await bob.caller.call("Whisper", { name, text: "to nobody" }).catch((error) => error);

  await bob.caller.call("Conference", { name, target, note: "please listen" });
  offers.push(await ann.accept("INVITE_KIND_CONFERENCE"));
  await customer.told("Ann has joined the conversation");
  await bob.caller.call("Whisper", { name, text: "offer ten percent" });
  await hears(ann, "offer ten percent");
  await ann.caller.call("Whisper", { name, text: "twenty, he is angry" });
  await hears(bob, "twenty, he is angry");
  await ann.caller.call("SendMessage", { name, text: "We will refund you" });
  await customer.told("We will refund you");
  await bob.caller.call("Leave", { name });
  await customer.told("Bob left the conversation");
  await hears(ann, "Bob left the conversation");
  await Promise.all(customer.settled);

  const { entries } = await customer.caller.call("GetTranscript", { name });
  return {
    available: queues.map((queue) => [queue.displayName, queue.stats.available]),
    offers: offers.map(({ kind, heading, note, customerName }) => ({ kind, heading, note: note ?? null, customerName })),
    ann: seenBy(ann),
    bob: seenBy(bob),
    refusedAlone: { code: alone.code ?? 0, details: alone.details ?? "" },
    delivered: customer.stream.items.map((each) => [each.sequence, textOf(each)]),
    transcript: entries.map((entry) => [entry.sequence, textOf(entry)]),
    // All that the customer's side ever got, whole.
    customerSide: JSON.stringify([customer.stream.items, entries]),
  };
}

try {
  console.log(JSON.stringify(await story()));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  open.forEach((each) => each.close());
}
