-- Removing a user removes the app sessions that hang on their sign-ins.
CREATE INDEX app_sessions_by_sign_in ON app_sessions (sid);
