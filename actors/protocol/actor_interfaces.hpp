/// @file
/// Every typed actor interface: who may say what to whom. Dependencies are passed as these handles;
/// nothing is looked up by name.
#pragma once

#include "actors/protocol/cell_messages.hpp"
#include "actors/protocol/cluster_messages.hpp"
#include "actors/protocol/feed_messages.hpp"
#include "actors/protocol/gpu_messages.hpp"
#include "actors/protocol/health_messages.hpp"
#include "actors/protocol/http_messages.hpp"
#include "actors/protocol/model_messages.hpp"
#include "actors/protocol/permit_messages.hpp"
#include "actors/protocol/session_messages.hpp"
#include "actors/protocol/voice_messages.hpp"
#include "config/settings.hpp"

#include <caf/error.hpp>
#include <caf/typed_actor.hpp>

#include <memory>

namespace synapse::actors {

/// Immutable settings, shared within the process only.
using settings_ptr = std::shared_ptr<const config::settings>;

struct gateway_snapshot;
using snapshot_ptr = std::shared_ptr<const gateway_snapshot>;

/// A graphics card with its backends, see actors/gpus/gpu_card.hpp.
struct gpu_card;
using gpu_card_ptr = std::shared_ptr<const gpu_card>;

// Vocabulary without a payload. Two atoms of one text are one type: keep the list alphabetical.
using away_atom = caf::atom_constant<caf::atom("away")>;
using bus_atom = caf::atom_constant<caf::atom("bus")>;
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using check_atom = caf::atom_constant<caf::atom("check")>;
using discard_atom = caf::atom_constant<caf::atom("discard")>;
using drain_atom = caf::atom_constant<caf::atom("drain")>;
using find_atom = caf::atom_constant<caf::atom("find")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using listen_atom = caf::atom_constant<caf::atom("listen")>;
using outcome_atom = caf::atom_constant<caf::atom("outcome")>;
using publish_atom = caf::atom_constant<caf::atom("publish")>;
using remove_atom = caf::atom_constant<caf::atom("remove")>;
using retire_atom = caf::atom_constant<caf::atom("retire")>;
using return_atom = caf::atom_constant<caf::atom("return")>;
using snap_atom = caf::atom_constant<caf::atom("snap")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using upload_atom = caf::atom_constant<caf::atom("upload")>;

/// One per HTTP request, pinned to the request's I/O thread; ends with the request. It owns that
/// request's life: of several reasons to give it up the first one counts. Given up, the backend's
/// connection is closed, and the client is told if its answer has not begun.
using session_actor = caf::typed_actor<
    // Somebody does not want it any more.
    caf::reacts_to<cancel_atom>,
    // The process ends, and has waited long enough.
    caf::reacts_to<drain_atom>,
    // How it ended; answers then.
    caf::replies_to<outcome_atom>::with<request_outcome>>;

/// One per backend and I/O thread, pinned there: what a session asks per request. Answers from its
/// own state unless permits are counted or the breaker is half open.
using lane_actor = caf::typed_actor<
    // May this request go to the backend, and to which address? Waits while permits are out.
    caf::replies_to<permit_request>::with<permit>,
    // The asker no longer wants its permit.
    caf::reacts_to<permit_abandoned>,
    // The attempt ended; gives the permit back.
    caf::reacts_to<outcome>,
    // Several attempts ended well.
    caf::reacts_to<completed>,
    // How an attempt at a deployment ended, for its cell.
    caf::reacts_to<cell_report>,
    // INTERNAL, from the backend: its state changed.
    caf::reacts_to<lane_view>,
    // INTERNAL, from the backend: answer to a lease_request.
    caf::reacts_to<lease_answer>,
    // INTERNAL, from the supervisor: the backend left the configuration; ends once idle.
    caf::reacts_to<retire_atom>>;

/// One per configured backend, on CAF's scheduler: the truth about breaker, permits and addresses.
using backend_actor = caf::typed_actor<
    // A lane introduces itself; its index is the number of its I/O thread.
    caf::reacts_to<lane_actor, std::uint32_t>,
    // A lane needs a counted permit or the half-open probe.
    caf::reacts_to<lease_request>, caf::reacts_to<lease_abandon>, caf::reacts_to<lease_return>,
    // The gateway's own question was answered, after one that was not.
    caf::reacts_to<return_atom>,
    // The gateway's own question met no connection, after another replica has said so.
    caf::reacts_to<away_atom>,
    // What another replica says, for snapshots; changes nothing else.
    caf::reacts_to<peer_note>,
    // What another replica has found out about one of its deployments: that is out of service here,
    // too, for as long as there.
    caf::reacts_to<peer_cell>,
    // Failures at once; successes while the lane's view says `suspect`.
    caf::reacts_to<result_report>,
    // Likewise of one deployment.
    caf::reacts_to<cell_report>,
    // New settings of the same backend (after a reload).
    caf::reacts_to<settings_ptr>,
    // From the resolver.
    caf::reacts_to<resolution>, caf::replies_to<snap_atom>::with<backend_snapshot>,
    // INTERNAL: waiting requests expire, cooldowns end, names are resolved anew.
    caf::reacts_to<tick_atom>>;

/// Resolves host names; detached, because getaddrinfo blocks.
using resolver_actor = caf::typed_actor<caf::replies_to<resolve_request>::with<resolution>>;

/// Pinned to an I/O thread: makes small HTTP requests for actors that have no sockets. Its
/// connections are its own.
using http_link_actor = caf::typed_actor<
    // Answered in every case; `http_reply::fault` says what went wrong.
    caf::replies_to<http_call>::with<http_reply>>;

/// Who asks a link for an event stream.
using http_event_sink = caf::typed_actor<caf::reacts_to<http_event>>;

/// Who wants to know the stored profiles: told at once, and with every change.
using profile_listener = caf::typed_actor<caf::reacts_to<profile_map_ptr>>;

/// Keeps the file of model profiles, which other processes may change as well; detached, because
/// disks block. Every answer comes after the change is durable; storage_failed.
using model_profiles_actor = caf::typed_actor<
    // All of them, from memory as long as the file is the same.
    caf::replies_to<list_atom>::with<profile_map_ptr>,
    // The profile as it is then. The values have been checked before.
    caf::replies_to<put_profile>::with<profile_map_ptr>,
    // From now on `listener` is told.
    caf::reacts_to<listen_atom, profile_listener>,
    // To itself: is it still the same file?
    caf::reacts_to<tick_atom>>;

/// Changes the Deployment of a router through the Kubernetes API; one change at a time. Errors:
/// not_in_cluster, cluster_refused, rollout_timeout, rollout_failed.
using runtime_controller_actor = caf::typed_actor<
    // Answers when the rollout is finished.
    caf::replies_to<apply_runtime>::with<runtime_applied>,
    // Could a change be made? True, or the error that it would meet.
    caf::replies_to<check_atom>::with<bool>>;

/// One per managed router and I/O thread, pinned there: counts the requests of its thread that use
/// a model. For one that is open a session enters by a plain call, see
/// actors/models/model_desk.hpp.
using model_desk_actor = caf::typed_actor<
    // For a model that is not open: waits until it is, or says why not.
    caf::replies_to<model_request>::with<model_grant>,
    // The asker no longer wants its turn.
    caf::reacts_to<model_abandoned>,
    // INTERNAL, from the manager: something has changed.
    caf::reacts_to<model_view_ptr>,
    // INTERNAL, from the manager: answer to a model_demand.
    caf::reacts_to<model_grant>,
    // INTERNAL, from the supervisor: nobody will ask any more; those who wait are told.
    caf::reacts_to<retire_atom>>;

/// One per managed router, on CAF's scheduler: what is loaded, and whose turn it is.
using model_manager_actor = caf::typed_actor<
    // A desk introduces itself; its index is the number of its I/O thread.
    caf::reacts_to<model_desk_actor, std::uint32_t>,
    // A desk's sessions want, use and have used models.
    caf::reacts_to<model_demand>, caf::reacts_to<model_demand_gone>, caf::reacts_to<model_usage>,
    caf::reacts_to<model_drained>,
    // What is known may be wrong.
    caf::reacts_to<model_suspect>,
    // A load is answered when the router has accepted it (or the model is there), an unload when no
    // request uses the model any more and the router has answered.
    caf::replies_to<model_command>::with<model_command_done>,
    // The router's own list, asked for anew; callers that come meanwhile share one round.
    caf::replies_to<list_atom>::with<http_reply>,
    // Has the router started with another context size: waits until no request runs, changes it,
    // and waits until it says so of `model`. Errors as of the runtime controller.
    caf::replies_to<apply_runtime, std::string /* model */>::with<runtime_applied>,
    // From the profiles' owner; the desks' views have them, too.
    caf::reacts_to<profile_map_ptr>,
    // Answers when what it was told before has been told to the desks.
    caf::replies_to<check_atom>::with<bool>,
    // New settings of the same backend (after a reload).
    caf::reacts_to<settings_ptr>,
    // Another link, and the backend's own key: as the settings say now.
    caf::reacts_to<http_link_actor, std::string>,
    // INTERNAL, from the link: the router's events.
    caf::reacts_to<http_event>,
    // INTERNAL: time has passed.
    caf::reacts_to<tick_atom>>;

/// One per graphics card and I/O thread, pinned there: counts the requests of its thread that use a
/// backend of the card. For one that is awake a session enters by a plain call, see
/// actors/gpus/gpu_desk.hpp.
using gpu_desk_actor = caf::typed_actor<
    // For a backend that is not awake: waits until it is, or says why not.
    caf::replies_to<gpu_request>::with<gpu_grant>,
    // The asker no longer wants it.
    caf::reacts_to<gpu_abandoned>,
    // INTERNAL, from the coordinator: something has changed.
    caf::reacts_to<gpu_view_ptr>,
    // INTERNAL, from the coordinator: answer to a gpu_demand.
    caf::reacts_to<gpu_grant>,
    // INTERNAL, from the supervisor: nobody will ask any more; those who wait are told.
    caf::reacts_to<retire_atom>>;

/// One per graphics card, on CAF's scheduler: which of its backends are awake.
using gpu_coordinator_actor = caf::typed_actor<
    // A desk introduces itself; its index is the number of its I/O thread.
    caf::reacts_to<gpu_desk_actor, std::uint32_t>,
    // A desk's sessions want, use and have used backends.
    caf::reacts_to<gpu_demand>, caf::reacts_to<gpu_demand_gone>, caf::reacts_to<gpu_usage>,
    caf::reacts_to<gpu_drained>,
    // The card as it is configured now, and how its backends are reached.
    caf::reacts_to<gpu_card_ptr>,
    // Who else there is. Before it is told this, a coordinator that was made for a cluster decides
    // nothing.
    caf::reacts_to<gpu_peers>,
    // What another replica's coordinator of this card says.
    caf::reacts_to<peer_gpu>,
    // INTERNAL: time has passed.
    caf::reacts_to<tick_atom>>;

/// One per backend, pinned to the first I/O thread: asks the backend's health path.
using prober_actor = caf::typed_actor<
    // One GET with the backend's own time limit.
    caf::replies_to<check_atom>::with<probe_result>>;

/// One per backend that a catalog names, pinned to the first I/O thread: finds out what models it
/// has.
using model_scout_actor = caf::typed_actor<
    // The configuration whose deployments are told of that; begins with the first one.
    caf::reacts_to<snapshot_ptr>,
    // INTERNAL: time has passed.
    caf::reacts_to<tick_atom>>;

/// Asks all probers side by side; callers that come while a round runs share it.
using health_aggregator_actor =
    caf::typed_actor<caf::replies_to<check_atom>::with<health_report>,
                     // The probers of a new configuration.
                     caf::reacts_to<std::vector<prober_actor>, std::uint32_t /* max age in ms */>>;

/// One per I/O thread, pinned there: holds the snapshot that new requests of the thread use.
using switchboard_actor = caf::typed_actor<
    // Answers once new requests of the thread use it.
    caf::replies_to<snapshot_ptr>::with<bool>>;

/// Knows the configuration in effect and hands it to the switchboards of all threads.
using config_publisher_actor = caf::typed_actor<
    // A new configuration; answers once every thread uses it.
    caf::replies_to<snapshot_ptr>::with<bool>,
    // State of every backend, in order of their names.
    caf::replies_to<snap_atom>::with<std::vector<backend_snapshot>>>;

/// Keeps the directory of voices, which other processes may change as well; detached, because disks
/// block. An upload's files are written by whoever began it, past the actor; only what is complete
/// is committed here. Errors of all: storage_failed, and what is named.
using voice_library_actor = caf::typed_actor<
    // All voices by time of creation, from memory unless another process has changed something.
    caf::replies_to<list_atom>::with<std::vector<voice_info>>,
    // One voice; voice_not_found.
    caf::replies_to<find_atom, std::string /* voice id */>::with<voice_location>,
    // One voice by id or name, with what a backend calls its copy; voice_not_found, and
    // invalid_voice for a name that several have.
    caf::replies_to<locate_voice>::with<voice_location>,
    // Remembered until the voice gets new references or is removed.
    caf::reacts_to<reference_copy>,
    // Begins an upload.
    caf::replies_to<upload_atom>::with<voice_upload>,
    // Answers once the voice is durable; invalid_voice, upload_not_found.
    caf::replies_to<create_voice>::with<voice_info>,
    // Likewise; voice_not_found, invalid_voice, upload_not_found.
    caf::replies_to<add_references>::with<voice_info>,
    // Answers once it is gone for good; voice_not_found.
    caf::replies_to<remove_atom, std::string /* voice id */>::with<bool>,
    // The upload is given up; its owner writes no more.
    caf::reacts_to<discard_atom, std::string /* upload id */>>;

/// Carries this replica's lines to the others; what comes from them goes to the terminal feed. Its
/// queue is bounded, and it never makes who publishes wait.
using feed_bus_actor = caf::typed_actor<caf::reacts_to<feed_batch_ptr>>;

/// One per I/O thread, pinned there: the viewers of its thread and the latest lines. A session
/// looks by a plain call, see actors/feed/feed_desk.hpp.
using feed_desk_actor = caf::typed_actor<
    // The next lines.
    caf::reacts_to<feed_lines_ptr>>;

/// One per I/O thread, pinned there: the requests that its connections are at work on.
using traffic_desk_actor = caf::typed_actor<
    // All of them, at most a thousand, the oldest first.
    caf::replies_to<list_atom>::with<std::vector<running_request>>,
    // Gives those of an id up as if their clients had left; false when there is none.
    caf::replies_to<cancel_atom, std::string /* request id */>::with<bool>>;

/// Puts the lines of all replicas in one order for this one's viewers; on CAF's scheduler.
using terminal_feed_actor = caf::typed_actor<
    // Lines of this process wait in the inbox.
    caf::reacts_to<publish_atom>,
    // From the bus: lines of other replicas. Unchecked: may be too long, known already, or our own.
    caf::reacts_to<bus_atom, feed_batch_ptr>,
    // A desk introduces itself and is told the latest lines at once.
    caf::reacts_to<feed_desk_actor>,
    // Where lines of this process go from now on.
    caf::reacts_to<feed_bus_actor>>;

/// Who wants to know who else there is, and what other replicas say of backends, deployments and
/// graphics cards.
using peer_note_listener = caf::typed_actor<caf::reacts_to<peer_note>, caf::reacts_to<peer_cell>,
                                            caf::reacts_to<peer_gpu>, caf::reacts_to<gpu_peers>>;

/// The replicas as CAF nodes, on CAF's scheduler.
using cluster_actor = caf::typed_actor<
    // Lines of this process, for the others.
    caf::reacts_to<feed_batch_ptr>,
    // This process has found out something about a backend; told to the others at once.
    caf::reacts_to<backend_note>,
    // Likewise of a deployment, and of a graphics card.
    caf::reacts_to<cell_note>, caf::reacts_to<gpu_note>,
    // Who is in the cluster, this replica first.
    caf::replies_to<list_atom>::with<std::vector<cluster_member>>,
    // From now on `listener` is told what the others say.
    caf::reacts_to<listen_atom, peer_note_listener>>;

/// Owns all of the above: start order, restarts with back-off, ordered shutdown.
using supervisor_actor = caf::typed_actor<
    // Applies new settings; answers when every thread may use them.
    caf::replies_to<settings_ptr>::with<bool>,
    caf::replies_to<snap_atom>::with<std::vector<backend_snapshot>>,
    // A round of health checks, from whoever is the aggregator now.
    caf::replies_to<check_atom>::with<health_report>,
    // From the cluster: another replica has found out something about a backend. When it takes no
    // requests there, this one looks for itself at once; only what it sees itself counts.
    caf::reacts_to<peer_note>,
    // Likewise of a deployment: to look would cost tokens, so that its word counts for a while.
    // Of one that is not in the catalog here nothing is taken.
    caf::reacts_to<peer_cell>,
    // Who is in the cluster, told again and again: one replica decides about a graphics card. What
    // the others say of one.
    caf::reacts_to<gpu_peers>, caf::reacts_to<peer_gpu>,
    // INTERNAL: a restart whose back-off is over.
    caf::reacts_to<tick_atom, std::string>,
    // INTERNAL: children that have not ended yet are killed.
    caf::reacts_to<tick_atom>>;

} // namespace synapse::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::feed_batch_ptr)  // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::feed_lines_ptr)  // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::gpu_card_ptr)    // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::gpu_view_ptr)    // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::model_view_ptr)  // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::profile_map_ptr) // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::settings_ptr)    // shared within the process only
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::snapshot_ptr)    // likewise
