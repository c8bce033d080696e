"""What tests share: real keys, tokens signed by another library, and deployments of the real gateway."""
