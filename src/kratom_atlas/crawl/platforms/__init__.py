"""What several sources share: the platforms that they run on."""
