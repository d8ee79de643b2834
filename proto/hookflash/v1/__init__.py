"""The wire format, `hookflash.v1`: .proto files and the code generated from them."""
