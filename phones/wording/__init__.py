"""Every sentence for people, made from the codes and rows that services return."""
