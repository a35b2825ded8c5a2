#define SYNAPSE_COMMON_TEMPLATE template
#include "cmake/common_templates.hpp"
