"""What pages show, worked out: charts as sizes, mails as they were sent, rules in words."""
