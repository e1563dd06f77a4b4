DROP INDEX changes_deleted;
