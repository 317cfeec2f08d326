"""A DAG that asks for a retraining every morning, after the data has come. Put retrain_task.py beside it."""

from datetime import datetime

from airflow.sdk import Connection, dag, get_current_context, task
from retrain_task import Place, retrain


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def retrain_churn() -> None:
    @task(retries=2)
    def ask_and_wait() -> dict[str, object]:
        """The connection `github` keeps the token as its password; the DAG run's id makes a retry find its run."""
        token = Connection.get("github").password or ""
        return retrain(Place(repository="acme/churn"), token, get_current_context()["run_id"])

    ask_and_wait()


retrain_churn()
