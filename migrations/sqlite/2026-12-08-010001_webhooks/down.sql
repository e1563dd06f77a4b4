-- A newer start makes it again.
DELETE FROM followers WHERE name = 'webhooks';
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
