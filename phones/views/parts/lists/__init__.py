"""What lists share: their address, filters, columns and export."""
