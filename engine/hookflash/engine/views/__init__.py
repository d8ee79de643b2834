"""What is read without waking anybody: timelines, lists, snapshots; a copy of the journal that can be made anew."""
