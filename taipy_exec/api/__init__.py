"""Taipy's names for configuring and running jobs from Python; `_API` of the package lists them."""

from typing import NewType

from taipy_exec.api.configuration import Config as Config
from taipy_exec.api.cycle import Cycle as Cycle
from taipy_exec.api.data_node import DataNode as DataNode
from taipy_exec.api.deletion import clean_all_entities as clean_all_entities
from taipy_exec.api.deletion import delete as delete
from taipy_exec.api.deletion import delete_job as delete_job
from taipy_exec.api.deletion import delete_jobs as delete_jobs
from taipy_exec.api.functions import Orchestrator as Orchestrator
from taipy_exec.api.functions import cancel_job as cancel_job
from taipy_exec.api.functions import compare_scenarios as compare_scenarios
from taipy_exec.api.functions import create_global_data_node as create_global_data_node
from taipy_exec.api.functions import create_scenario as create_scenario
from taipy_exec.api.functions import get as get
from taipy_exec.api.functions import get_cycles as get_cycles
from taipy_exec.api.functions import get_cycles_scenarios as get_cycles_scenarios
from taipy_exec.api.functions import get_data_nodes as get_data_nodes
from taipy_exec.api.functions import get_entities_by_config_id as get_entities_by_config_id
from taipy_exec.api.functions import get_jobs as get_jobs
from taipy_exec.api.functions import get_latest_job as get_latest_job
from taipy_exec.api.functions import get_latest_submission as get_latest_submission
from taipy_exec.api.functions import get_parents as get_parents
from taipy_exec.api.functions import get_primary as get_primary
from taipy_exec.api.functions import get_primary_scenarios as get_primary_scenarios
from taipy_exec.api.functions import get_scenarios as get_scenarios
from taipy_exec.api.functions import get_sequences as get_sequences
from taipy_exec.api.functions import get_submissions as get_submissions
from taipy_exec.api.functions import get_tasks as get_tasks
from taipy_exec.api.functions import run as run
from taipy_exec.api.functions import set as set
from taipy_exec.api.functions import set_primary as set_primary
from taipy_exec.api.functions import submit as submit
from taipy_exec.api.functions import subscribe_scenario as subscribe_scenario
from taipy_exec.api.functions import subscribe_sequence as subscribe_sequence
from taipy_exec.api.functions import tag as tag
from taipy_exec.api.functions import unsubscribe_scenario as unsubscribe_scenario
from taipy_exec.api.functions import unsubscribe_sequence as unsubscribe_sequence
from taipy_exec.api.functions import untag as untag
from taipy_exec.api.job import Job as Job
from taipy_exec.api.permissions import can_create as can_create
from taipy_exec.api.permissions import exists as exists
from taipy_exec.api.permissions import is_deletable as is_deletable
from taipy_exec.api.permissions import is_editable as is_editable
from taipy_exec.api.permissions import is_promotable as is_promotable
from taipy_exec.api.permissions import is_readable as is_readable
from taipy_exec.api.permissions import is_submittable as is_submittable
from taipy_exec.api.scenario import Scenario as Scenario
from taipy_exec.api.sequence import Sequence as Sequence
from taipy_exec.api.submission import Submission as Submission
from taipy_exec.api.submittable import Submittable as Submittable
from taipy_exec.api.sweep import Sweep as Sweep
from taipy_exec.api.sweep import sweep as sweep
from taipy_exec.api.task import Task as Task
from taipy_exec.config.typed_text import Frequency as Frequency
from taipy_exec.config.typed_text import Scope as Scope
from taipy_exec.data.mongo_collection import MongoDefaultDocument as MongoDefaultDocument
from taipy_exec.data.operators import JoinOperator as JoinOperator
from taipy_exec.data.operators import Operator as Operator
from taipy_exec.errors import SubmissionFailed as SubmissionFailed
from taipy_exec.execution.limits import JobTimeout as JobTimeout
from taipy_exec.model.status import Status as Status
from taipy_exec.model.status import SubmissionStatus as SubmissionStatus

Core = Orchestrator

# For annotations, as Taipy has them.
CycleId = NewType("CycleId", str)
DataNodeId = NewType("DataNodeId", str)
JobId = NewType("JobId", str)
ScenarioId = NewType("ScenarioId", str)
SequenceId = NewType("SequenceId", str)
SubmissionId = NewType("SubmissionId", str)
TaskId = NewType("TaskId", str)
