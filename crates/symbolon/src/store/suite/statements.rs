//! Every statement is understood by both engines, and parameters go where they are numbered.

use super::{Database, custom, on_both_engines};
use crate::store::{
    app_sessions, imports, instance, keys, migrations, moment, schemes, sealed, sessions, setup,
    sql::{Arg, Statement, statements},
    throttle,
    tx::EngineTx,
    upstream, users,
};

on_both_engines! {
    every_statement_is_understood,
    arguments_go_to_the_parameters_of_their_number,
}

const FILES: [&[&Statement]; 20] = [
    app_sessions::STATEMENTS,
    imports::STATEMENTS,
    instance::STATEMENTS,
    keys::STATEMENTS,
    migrations::STATEMENTS,
    moment::STATEMENTS,
    schemes::STATEMENTS,
    sealed::STATEMENTS,
    sessions::STATEMENTS,
    setup::STATEMENTS,
    throttle::STATEMENTS,
    upstream::STATEMENTS[0],
    upstream::STATEMENTS[1],
    upstream::STATEMENTS[2],
    users::STATEMENTS,
    users::MORE_STATEMENTS[0],
    users::MORE_STATEMENTS[1],
    super::directory::STATEMENTS,
    super::throttle::STATEMENTS,
    super::transactions::STATEMENTS,
];

async fn every_statement_is_understood(database: Database) {
    let store = database.open().await;
    let prepare = custom(|tx| {
        Box::pin(async {
            let mut count = 0;
            for statement in FILES.into_iter().flatten() {
                match &mut tx.engine {
                    EngineTx::Sqlite(connection) => {
                        let prepared = connection.prepare(statement.sqlite);
                        prepared.unwrap_or_else(|error| panic!("{statement:?}: {error}"));
                    }
                    #[cfg(feature = "postgres")]
                    EngineTx::Postgres(transaction) => {
                        let prepared = transaction.prepare(statement.postgres).await;
                        prepared.unwrap_or_else(|error| panic!("{statement:?}: {error}"));
                    }
                }
                count += 1;
            }
            Ok(count)
        })
    });
    assert!(store.run(prepare).await.unwrap() >= 12);
}

mod swapped {
    use super::statements;

    statements! {
        SWAPPED = "SELECT CAST($2 AS BIGINT) * 100000000 + CAST($11 AS BIGINT) * 1000000 \
            + CAST($1 AS BIGINT) * 10000 + CAST($2 AS BIGINT) * 100 + CAST($10 AS BIGINT), \
            CAST($3 AS BIGINT) + CAST($4 AS BIGINT) + CAST($5 AS BIGINT) + CAST($6 AS BIGINT) \
            + CAST($7 AS BIGINT) + CAST($8 AS BIGINT) + CAST($9 AS BIGINT)";
    }

    pub(super) const STATEMENT: &super::Statement = STATEMENTS[0];
    const _: &super::Statement = &SWAPPED;
}

async fn arguments_go_to_the_parameters_of_their_number(database: Database) {
    let store = database.open().await;
    let select = custom(|tx| {
        Box::pin(async {
            let args: Vec<_> = (1..=11).map(Arg::Int).collect();
            let row = tx.query_opt(swapped::STATEMENT, &args, |row| row.int(0));
            Ok(row.await?.unwrap())
        })
    });
    assert_eq!(store.run(select).await.unwrap(), 2_11_01_02_10);
}
