-- Those whose name begins so, in the order of their e-mails: from the index alone, or each would be a row to look up.
CREATE INDEX users_by_name_with_email ON users (name_key, id, email);
DROP INDEX users_by_name;
