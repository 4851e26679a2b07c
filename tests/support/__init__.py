"""What tests share: helpers, and how they save, plan, crash and look at pages."""
