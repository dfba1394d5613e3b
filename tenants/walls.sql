-- What the policies ask: the customers of this transaction, as `utkik.customers` was set for it: 'all', a list such as
-- '{1,2}', or, unset and after the transaction that set it, nothing, which is none.
CREATE OR REPLACE FUNCTION public.utkik_has_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('utkik.customers', true) IS NOT DISTINCT FROM 'all'
$$;

CREATE OR REPLACE FUNCTION public.utkik_customers() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN current_setting('utkik.customers', true) LIKE '{%'
        THEN current_setting('utkik.customers', true)::bigint[] ELSE '{}' END
$$;

-- Doors in the walls: each runs as the owner, takes what only its caller can know, and tells whose it is, nothing more.

-- What a person may see, in the words of `utkik.customers`; the same as `visible_to`, and written a second time so that
-- a mistake in one is not a mistake in both.
CREATE OR REPLACE FUNCTION public.utkik_customers_of(person bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((
        SELECT CASE
            WHEN role IN ('administrator', 'manager') THEN 'all'
            WHEN role = 'analyst' THEN
                ARRAY(SELECT customer_id FROM tenants_customer_analysts WHERE user_id = person
                      UNION
                      SELECT customer_id FROM tenants_customergroup_customers
                      JOIN tenants_customergroup_analysts USING (customergroup_id) WHERE user_id = person)::text
            WHEN role = 'customer' THEN
                ARRAY(SELECT customer_id FROM tenants_tenant
                      WHERE entra_id = accounts_user.tid AND state = 'connected')::text
            ELSE '{}'
        END
        FROM accounts_user WHERE id = person AND is_active
    ), '{}')
$$;

-- The customers of a visitor with a link or an answer of Microsoft: whoever holds the secret is let in to its customer.
CREATE OR REPLACE FUNCTION public.utkik_customers_of_visitor(
    link_nonce text, begun bigint, state text, browser text
) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY(
        SELECT customer_id FROM tenants_invitation WHERE nonce = link_nonce OR id = begun
        UNION
        SELECT customer_id FROM tenants_consentstate WHERE state_hash = state AND browser_hash = browser
    )::text
$$;

-- Whose a directory is, and whether it is connected; no row for one that nobody has.
CREATE OR REPLACE FUNCTION public.utkik_directory(directory uuid) RETURNS TABLE (customer_id bigint, connected boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT customer_id, state = 'connected' FROM tenants_tenant WHERE entra_id = directory
$$;

REVOKE ALL ON FUNCTION
    public.utkik_customers_of(bigint), public.utkik_customers_of_visitor(text, bigint, text, text),
    public.utkik_directory(uuid)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    public.utkik_customers_of(bigint), public.utkik_customers_of_visitor(text, bigint, text, text),
    public.utkik_directory(uuid)
TO utkik_web, utkik_worker;
