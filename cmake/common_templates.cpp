#define SYNAPSE_COMMON_TEMPLATE template
#include "common_templates.hpp"
