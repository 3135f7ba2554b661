from .data.geometry import Geometry as Geometry
from .data.image import Image as Image
from .data.segmentation import Label as Label
from .data.segmentation import Segmentation as Segmentation
from .io.files import read as read
from .io.files import read_all as read_all
from .io.files import write as write
from .radiomics.voxelwise import texture_maps as texture_maps

__version__: str
