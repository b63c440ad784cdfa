"""Run in the shell of a database with the version before: leaves records in as many tables as a month does.

Uses the contract for programs and the crons by their XML ids, which later versions keep.
"""

env = env(  # noqa: F821 - given by the shell
    user=env.ref("epd_mailing.demo_operator").id,  # noqa: F821
    context={"lang": "ru_RU"},
)
api = env["epd.api"]


def call(method, **arguments):
    """Call the contract; a rejection ends the script."""
    answer = getattr(api, method)(**arguments)
    if answer["status"] != "ok":
        raise SystemExit(f"{method}: {answer['problems']}")
    return answer


def work(*crons):
    """Run crons of ours, as the scheduler would."""
    env.cr.commit()
    for cron in crons:
        env.ref(f"epd_mailing.{cron}").sudo().method_direct_trigger()
    env.cr.commit()


call("put_accounts", key="a-1", accounts=[{"number": "0100001", "residents": 1}])
run = call("prepare_documents", key="d-1", period="2026-03", form="epd")["run"]
work("ir_cron_prepare")
state = call("get_run", run=run)
if state["state"] != "done" or not state["saved_count"]:
    raise SystemExit(f"the run is not done: {state}")
env["epd.unisender.account"].search([], limit=1).sudo().api_key_input = "key-of-before"
call("make_mailing", key="m-1", run=run)
call("make_paper_batch", key="p-1", period="2026-03")
work("ir_cron_paper")
