"""Documents of other tools: CloudFormation templates, and YAML."""
