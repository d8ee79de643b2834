"""For whoever runs adapters: the engine, and `hookflash channel run`. No plugin needs anything of this.

How a PURE call is guarded (`calls`, on a thread of `asking`, with a `breaker`), what a webhook asks of an adapter
(`webhook`), what stands for what a channel cannot carry (`fallback`), signs to customers (`sign_calls`), how
a customer's medium is fetched (`fetching`), files of our own (`private_file`), and Starlette's requests (`requests`,
which needs the extra `web`).
"""
