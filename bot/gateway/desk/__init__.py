"""The desk: where people of the company take over, with everything in front of them (F)."""
