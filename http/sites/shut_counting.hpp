/// @file
/// Counts how often deployments are taken out of service.
#pragma once

namespace synapse::client {

struct thread_routes;

/// From here on the lanes of these routes' thread count in the deployments' records. All lanes of a
/// backend hear the same: one thread of the process is enough. @pre the backends' lanes are real
void count_shuts(const thread_routes& routes);

} // namespace synapse::client
