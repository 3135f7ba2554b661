from .data.cohort import Cohort as Cohort
from .data.geometry import Geometry as Geometry
from .data.image import Image as Image
from .data.samples import Samples as Samples
from .data.segmentation import Label as Label
from .data.segmentation import Segmentation as Segmentation
from .genomics.normalize import normalize_counts as normalize_counts
from .genomics.pathways import score_pathways as score_pathways
from .harmonization.combat import ComBat as ComBat
from .harmonization.harmonize import harmonize as harmonize
from .io.cohort_open import open_cohort as open_cohort
from .io.cohort_validate import validate_cohort as validate_cohort
from .io.expression import read_expression as read_expression
from .io.files import read as read
from .io.files import read_all as read_all
from .io.files import write as write
from .radiomics.voxelwise import texture_maps as texture_maps
from .segmentation.compare import compare_segmentations as compare_segmentations
from .segmentation.measure import measure_regions as measure_regions
from .simulate.cohort import simulate_cohort as simulate_cohort

__version__: str
