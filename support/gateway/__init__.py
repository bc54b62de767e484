"""The provider gateway: one vocabulary over the official SDKs, with retries, money, clean-up and a record of the wire."""
