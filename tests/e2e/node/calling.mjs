// How JavaScript calls hookflash: clients made at run time from the .proto files, promises instead of callbacks.
//
// Nothing here was generated, and nothing knows Python.
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const DEADLINE_MS = 10_000;
const SERVICES = ["AdminService", "AgentService", "ChannelService", "ConversationService", "QueueService"];
const FILES = ["admin", "agent", "channel", "conversation", "queue"].map((noun) => `hookflash/v1/${noun}_service.proto`);

/** Load the API from a folder of .proto files. */
export function loadApi(folder) {
  const definition = protoLoader.loadSync(FILES, {
    includeDirs: [folder],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return grpc.loadPackageDefinition(definition).hookflash.v1;
}

/** One principal's connection: every unary method as a promise, every stream as a Stream. */
export class Caller {
  constructor(api, address, token) {
    this.metadata = new grpc.Metadata();
    this.metadata.set("authorization", `Bearer ${token}`);
    const credentials = grpc.credentials.createInsecure();
    this.clients = SERVICES.map((service) => new api[service](address, credentials));
  }

  /** Call a unary method by its name, such as `Transfer`. */
  call(method, request = {}) {
    const client = this.clientOf(method);
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve, reject) => {
      client[method](request, this.metadata, options, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }

  /** Open a stream, such as `Attach`. */
  open(method, request = {}) {
    return new Stream(this.clientOf(method)[method](request, this.metadata), method);
  }

  close() {
    this.clients.forEach((client) => client.close());
  }

  clientOf(method) {
    const client = this.clients.find((each) => typeof each[method] === "function");
    if (client === undefined) throw new Error(`No service has a method ${method}.`);
    return client;
  }
}

/** Everything that came on a stream, in order, and a way to wait for what has not come yet. */
export class Stream {
  constructor(call, method) {
    this.call = call;
    this.method = method;
    this.items = [];
    this.waiting = [];
    call.on("data", (item) => {
      this.items.push(item);
      this.look();
    });
    call.on("error", (error) => {
      if (error.code !== grpc.status.CANCELLED) this.fail(error);
    });
  }

  /** Resolve with the first item, of those before and those to come, for which the condition holds. */
  until(condition, what) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.method} did not bring ${what}; it brought ${JSON.stringify(this.items)}`)),
        DEADLINE_MS,
      );
      this.waiting.push({ condition, resolve, reject, timer });
      this.look();
    });
  }

  look() {
    this.waiting = this.waiting.filter(({ condition, resolve, timer }) => {
      const found = this.items.find(condition);
      if (found === undefined) return true;
      clearTimeout(timer);
      resolve(found);
      return false;
    });
  }

  fail(error) {
    this.waiting.splice(0).forEach(({ reject, timer }) => {
      clearTimeout(timer);
      reject(error);
    });
  }

  close() {
    this.call.cancel();
  }
}
