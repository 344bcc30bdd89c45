-- Questions that lapse are found by their time; blobs by whether a version still refers to them.
create index approvals_overdue on approvals (expires_at) where state = 'pending';
create index drive_files_by_blob on drive_files (blob);
