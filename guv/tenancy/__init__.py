"""The only way to query: every function takes the session and the tenant, and sees no other's rows.

What belongs to somebody else is not found, exactly like what does not exist. The exceptions are
named for it: `keys.find_tenant` (who is this?) and `guv.due` (which roles of all tenants are due?).
"""
