//! The only folder that knows the AWS SDK: turns queries into calls and answers into model types.
